-- Model small 1 (762519c0548a) for snowflake
-- moment: 2026-06-30 23:59:59 UTC
-- The scores equal those of the toolkit if:
-- * times are instants; a time without zone is taken as UTC, a date as its first second
-- * 'lead_id' names one lead; ids in rows that differ in what is read here are left out
-- * tested columns are text, boolean, date or whole numbers; other numbers only where
--   the model compares with numbers, and without NaN
-- * text is in Unicode form NFC (composed accents): this engine cannot compose it
-- * text columns have the default, binary collation
-- * columns of several values are text with ';' between them, not arrays
-- * every row of activities is one activity
-- The toolkit's tests parse this dialect and do not run it: compare some leads first.
with a0 as (select distinct 
    "LEAD_ID" as l,
    date_part(epoch_second, "CREATED_AT") as c,
    cast(1782863999 as bigint) as s,
    replace(replace(replace(replace(replace(replace(translate(trim(cast("STAFF" as varchar), '\u0009\u000a\u000b\u000c\u000d\u001c\u001d\u001e\u001f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'), 'ABCDEFGHIJKLMNOPQRSTUVWXYZſ', 'abcdefghijklmnopqrstuvwxyzs'), 'ß', 'ss'), 'ẞ', 'ss'), 'ﬂ', 'fl'), 'ﬄ', 'ffl'), 'ﬅ', 'st'), 'ﬆ', 'st') as t0,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(translate(trim(cast("REGION" as varchar), '\u0009\u000a\u000b\u000c\u000d\u001c\u001d\u001e\u001f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'), 'ABCDEFGHIJKLMNOPQRSTUVWXYZſ', 'abcdefghijklmnopqrstuvwxyzs'), 'ß', 'ss'), 'İ', 'i̇'), 'ŉ', 'ʼn'), 'ẚ', 'aʾ'), 'ẞ', 'ss'), 'ﬁ', 'fi'), 'ﬂ', 'fl'), 'ﬃ', 'ffi'), 'ﬄ', 'ffl'), 'ﬅ', 'st'), 'ﬆ', 'st') as t1,
    replace(replace(replace(replace(replace(replace(translate(trim("INTERESTS", '\u0009\u000a\u000b\u000c\u000d\u001c\u001d\u001e\u001f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'), 'ABCDEFGHIJKLMNOPQRSTUVWXYZſ', 'abcdefghijklmnopqrstuvwxyzs'), 'ß', 'ss'), 'ẞ', 'ss'), 'ﬂ', 'fl'), 'ﬄ', 'ffl'), 'ﬅ', 'st'), 'ﬆ', 'st') as t2 from "CRM"."LEADS"),
a1 as (
  select a0.*,
    count(*) over (partition by l) as copies
  from a0
),
a2 as (
  select a1.*,
    case when t0 not in ('', 'select') then t0 end as v0,
    case when t1 not in ('', 'select') then t1 end as v1,
    case when t2 not in ('', 'select') then t2 end as v2
  from a1
),
a3 as (
  select a2.*,
    case when regexp_instr(v0, '^[-+]?([0-9]{1,255}[0-9]{0,45}([.][0-9]{0,255}[0-9]{0,45})?|[.][0-9]{1,255}[0-9]{0,45})([eE][-+]?[0-9]{1,4})?$') > 0 then case when abs(try_to_double(v0)) <= 1.7976931348623157e308 then try_to_double(v0) end end as n0
  from a2
),
ld as (
  select l, c, s,
    case when (((v1 in ('rival')))) then 0 else -1 end as gate,
    case when (((case when v0 is not null then coalesce(n0 in (7), false) end))) then 1 else 0 end as h0,
    (case when ((n0 >= 50)) then 9 when (v0 is null) then 1 else 0 end) as f0,
    (case when (not (((v1 in ('o''neil', 'a\\b'))))) then -4 else 0 end) as f1,
    least((case when regexp_instr(v2, '(^|;)[\u0009\u000a\u000b\u000c\u000d\u001c\u001d\u001e\u001f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000]*crm[\u0009\u000a\u000b\u000c\u000d\u001c\u001d\u001e\u001f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000]*(;|$)') > 0 then 10 else 0 end + case when regexp_instr(v2, '(^|;)[\u0009\u000a\u000b\u000c\u000d\u001c\u001d\u001e\u001f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000]*c\\.m\\.s[\u0009\u000a\u000b\u000c\u000d\u001c\u001d\u001e\u001f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000]*(;|$)') > 0 then 5 else 0 end), 12) as f2
  from a3
  where copies = 1 and l is not null and c <= s
),
mo as (select l, 0 as k, s from ld),
e0 as (select 
    "LEAD_ID" as l,
    date_part(epoch_second, "OCCURRED_AT") as t,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(translate(trim(cast("ACTIVITY_TYPE" as varchar), '\u0009\u000a\u000b\u000c\u000d\u001c\u001d\u001e\u001f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'), 'ABCDEFGHIJKLMNOPQRSTUVWXYZſ', 'abcdefghijklmnopqrstuvwxyzs'), 'ß', 'ss'), 'İ', 'i̇'), 'ẚ', 'aʾ'), 'ẞ', 'ss'), 'ﬁ', 'fi'), 'ﬂ', 'fl'), 'ﬃ', 'ffi'), 'ﬄ', 'ffl'), 'ﬅ', 'st'), 'ﬆ', 'st') as kind,
    replace(replace(replace(replace(replace(replace(translate(trim(cast("PAGE" as varchar), '\u0009\u000a\u000b\u000c\u000d\u001c\u001d\u001e\u001f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'), 'ABCDEFGHIJKLMNOPQRSTUVWXYZſ', 'abcdefghijklmnopqrstuvwxyzs'), 'ß', 'ss'), 'ẞ', 'ss'), 'ﬂ', 'fl'), 'ﬄ', 'ffl'), 'ﬅ', 'st'), 'ﬆ', 'st') as t0
  from "CRM"."ACTS"
),
e1 as (
  select e0.*,
    case when t0 not in ('', 'select') then t0 end as v0
  from e0
),
ev as (
  select l, t,
    case when kind in ('call') then 0 else 1 end as q,
    case when kind in ('view', 'visit') and ((v0 like '/50!%!_%!!' escape '!')) then 1 else 0 end as r0
  from e1
  where t is not null and kind not in ('', 'select')
),
scored as (
with b as (
  select mo.l, mo.k, sum(case when e.r0 = 1 and mo.s - e.t < 2592000 then 1 else 0 end) as n3, sum(case when e.q = 1 and mo.s - e.t < 2592000 then 1 else 0 end) as n4
  from ev e join mo on mo.l = e.l and e.t <= mo.s and e.t > mo.s - 2592000
  group by mo.l, mo.k),
p as (
  select mo.l, mo.k, mo.s, ld.f0 as p0, 2 * (ld.f1) as p1, ld.f2 as p2, cast(6 * (case when coalesce(b.n3, 0) > 3 then 3 else coalesce(b.n3, 0) end) as bigint) as p3, cast(case when coalesce(b.n4, 0) = 0 and ld.c <= mo.s - 2592000 then (-10) else 0 end as bigint) as p4
  from mo join ld on ld.l = mo.l left join b on b.l = mo.l and b.k = mo.k
),
d as (
  select p.*, cast(case when cast(p0 + p1 + p2 as bigint) > 30 then 30 else cast(p0 + p1 + p2 as bigint) end as bigint) as fit, cast(cast(p3 + p4 as bigint) as bigint) as behavior from p
)
select t.*, case when total >= 0 then cast(((2 * total + 3) - mod(2 * total + 3, 6)) / 6 as bigint) else -cast(((3 - 2 * total) - mod(3 - 2 * total, 6)) / 6 as bigint) end as score from (select d.*, cast(0 + fit + behavior as bigint) as total from d) t
)
select
  scored.l as lead_id,
  scored.s as moment,
  scored.fit / 3e0 as fit,
  scored.behavior / 3e0 as behavior,
  scored.score as score,
  case when ld.gate = 0 then 'disqualified' else case when scored.score >= (case when ld.h0 = 1 then (-2) else 5 end) then 'MQL' else 'rest' end end as band
from scored join ld on ld.l = scored.l

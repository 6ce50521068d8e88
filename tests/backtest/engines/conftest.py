from tests.backtest.engines.servers import place, postgres, spark

__all__ = ["place", "postgres", "spark"]

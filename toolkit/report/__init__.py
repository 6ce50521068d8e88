"""What readers see: figures, findings, the notebook, the page."""

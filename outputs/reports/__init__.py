"""What people read: tables, forecasts, HTML pages."""

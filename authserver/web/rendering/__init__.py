"""What every page shares: templates, languages, static files, headers and error pages."""

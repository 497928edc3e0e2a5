"""The parts that all pages share: templates, languages, static files, headers and error pages."""

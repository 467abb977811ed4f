"""What sending is measured against: django-post_office, run by its own interpreter."""

"""Auth0's door: the Management API and the one Authentication API call that mails a password reset."""

"""What a registrar may change about itself."""

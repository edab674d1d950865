"""Medicine vertical for kdvert: primary care and public health."""

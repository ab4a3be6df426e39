//! A small edge proxy that follows Traefik router labels.

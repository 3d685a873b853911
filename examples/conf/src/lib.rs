//! The keepalived.conf language: lexer with spans, typed model, diagnostics.

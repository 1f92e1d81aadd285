//! The ThreadX and NetX names that a host lacks, as far as SMTP applications use them.

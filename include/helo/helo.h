/* Generated from src/faces/helo: do not edit. make headers writes it anew. */
/* libhelo's own API: what the old mail libraries' APIs cannot say. */
#ifndef HELO_HELO_H
#define HELO_HELO_H

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The library's version, such as "0.1.0". The text is the library's own and stays valid.
 */
const char *helo_version(void);

#ifdef __cplusplus
}
#endif

#endif /* HELO_HELO_H */

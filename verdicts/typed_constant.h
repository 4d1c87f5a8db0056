/*
 * Constants with a type of their own, put into interfaces: -m says `Key("user") escapes to heap` of such, as it says of
 * a call Key("user"); but they are read-only data, and never on the heap. The source tells one from the other.
 */
#ifndef VERDICTS_TYPED_CONSTANT_H
#define VERDICTS_TYPED_CONSTANT_H

struct verdict_set;

/*
 * Set is_constant of those in SET that are such. ARGV are the compiler's arguments (NULL at the end), whose last are
 * the package's source files; what cannot be read is left as it is.
 */
void typed_constant_mark(struct verdict_set *set, char **argv);

#endif

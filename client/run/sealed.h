/* sealed.h -- our own program where a container could write it.
 * Rules   a container of the caller's own id may open our executable through /proc when it
 *         is started in there; where the caller may write the file we run from a sealed
 *         copy in memory instead
 * Source  memfd_create(2), fcntl(2) F_ADD_SEALS; CVE-2019-5736 */
#ifndef CLIENT_RUN_SEALED_H
#define CLIENT_RUN_SEALED_H

/* Executes the copy, or returns when there is nothing to do. */
void sealed_self(char **argv);

#endif

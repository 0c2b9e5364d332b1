/* admitted.h -- what became of a build, told to people and machines. */
#ifndef INDEXER_ADMITTED_H
#define INDEXER_ADMITTED_H

#include "indexer/admit.h"
#include "lib/base/out.h"

void admitted_report(struct out *o, const struct admitted *a) nonnull;

#endif

/* nightreport.h -- what came of a night: for people, for programs, for CI and for
 * node-exporter.
 * Shape   text: a line an image and one of sums; JSON: one object; JUnit: one suite, a
 *         case an image, unchanged ones skipped; metrics: the textfile collector's format
 * Source  https://github.com/testmoapp/junitxml; Prometheus text format 0.0.4 */
#ifndef BUILDER_NIGHTREPORT_H
#define BUILDER_NIGHTREPORT_H

#include "builder/night.h"

void nightreport_text(const struct night *n, struct buf *out) nonnull;
void nightreport_json(const struct night *n, struct buf *out) nonnull;
void nightreport_junit(const struct night *n, struct buf *out) nonnull;
void nightreport_metrics(const struct night *n, struct buf *out) nonnull;

/* Before anything is built: that what was asked for can be written. Makes the directory of
 * the reports; that of the metrics is its collector's. */
int nightreport_open(struct night *n, struct err *e) must_check nonnull;
void nightreport_close(struct night *n) nonnull;

/* summary.txt, summary.json and junit.xml in report_dir (without one: n->dir), and the file
 * of metrics when it was asked for; each appears whole. */
int nightreport_write(const struct night *n, struct err *e) must_check nonnull;

/* The status of the night: 0, the one that all failures share, else 1. */
int nightreport_status(const struct night *n) must_check nonnull;

#endif

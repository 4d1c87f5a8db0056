/*
 * How sure a saving is: what sampling leaves open of the site and of all the others, and the model's own error. Pure
 * functions.
 */
#ifndef ANALYZER_SAVING_INTERVAL_H
#define ANALYZER_SAVING_INTERVAL_H

#include "analyzer/analysis.h"
#include "analyzer/gc_model.h"

/* Squares of how far a sum may lie below and above its estimate. */
struct saving_ways {
	double below, above;
};

/* By how much sums over what is alive differ. */
struct saving_shift {
	double live, objects, scan;
};

/*
 * What is not known of the sums over all sites that the model is asked with; zeroed: they are known. What dies while
 * the GC marks is known badly for all sites alike: if more or less does than is thought, their sums shift.
 */
struct saving_doubts {
	struct saving_ways allocated, live, objects, scan, small_live[GC_MODEL_SMALL];
	struct saving_shift more_black, less_black;
};

/* What is thought away, and how well it is known. */
struct saving_part {
	struct gc_model_site site;  /* as estimated */
	struct interval allocated;  /* 95 % */
	struct interval live;       /* if what is allocated were known: more or less of that is as much more or less */
	struct interval live_black; /* the live bytes if more dies while the GC marks than is thought, and if less */
	double objects_per_byte, scan_per_byte; /* what each live byte brings along of both */
	double objects_doubt; /* how far the objects of a byte may be off, relative: sizes are mixed */
};

/*
 * objects_doubt of a site that made so many OBJECTS and BYTES, known so well: what of the one's doubt is not the
 * other's.
 */
double saving_objects_doubt(double objects, const struct interval *objects_ci, double bytes,
			    const struct interval *bytes_ci);

/* Add what is not known of PART, a site, to DOUBTS. */
void saving_doubts_add(struct saving_doubts *doubts, const struct saving_part *part);

/* All that is alive was put to SCALE times what it was. */
void saving_doubts_scale_live(struct saving_doubts *doubts, double scale);

/*
 * gc_model_savings_at(RUN, &PART->site, SETTING), in *SAVINGS, and their 95 % intervals, each of which holds its
 * figure. DOUBTS are of all sites, PART among them; NULL: nothing but PART is in doubt.
 */
struct gc_model_intervals saving_intervals(struct gc_model_savings *savings, const struct gc_model_run *run,
					   const struct saving_doubts *doubts, const struct saving_part *part,
					   const struct gc_model_setting *setting);

/* All that removing PART saves, with these intervals; the arguments are those of saving_intervals. */
struct saving saving_of_part(const struct gc_model_run *run, const struct saving_doubts *doubts,
			     const struct saving_part *part, const struct gc_model_setting *setting);

/* There were no assists of which SAVING could save any. */
void saving_forget_assists(struct saving *saving);

#endif

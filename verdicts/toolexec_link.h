/* What a link tells about its binary: of which compiles it is made. */
#ifndef VERDICTS_TOOLEXEC_LINK_H
#define VERDICTS_TOOLEXEC_LINK_H

/*
 * Keep in the store which packages the link ARGV (the tool and its arguments) has joined, under the first part of its
 * -buildid: the go command rewrites the last part of a binary's build ID after linking, and leaves the first. Call it
 * after the link has succeeded, while its inputs are there. What cannot be read is left out.
 */
void toolexec_link_keep(char **argv);

#endif

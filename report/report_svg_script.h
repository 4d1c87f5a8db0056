/* The script and the style that a flame graph carries with it. Constant text. */
#ifndef REPORT_SVG_SCRIPT_H
#define REPORT_SVG_SCRIPT_H

/* CSS, to stand between <style> tags. */
extern const char report_svg_style[];

/* JavaScript, to stand in a CDATA section. It builds no markup: names reach it as text and leave it as text. */
extern const char report_svg_script[];

#endif

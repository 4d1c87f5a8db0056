# What `escprof COMMAND --help` prints behind its options, for roff: paragraphs parted by ".PP". What argp says of every
# command's options is left out.

/^ +-/ {
	inside = 1
	count = 0
	next
}
!inside || /^       +[^ ]/ { next }
/^$/ {
	open = 0
	next
}
{
	if (!open)
		paragraphs[++count] = ""
	paragraphs[count] = paragraphs[count] (open ? "\n" : "") $0
	open = 1
}
END {
	for (i = 1; i <= count; i++)
		if (paragraphs[i] !~ /^Mandatory or optional arguments to long options/)
			print (printed++ ? ".PP\n" : "") paragraphs[i]
}

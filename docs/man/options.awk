# The options in what `escprof COMMAND --help` prints, a line each: NAMES<tab>ARGUMENT<tab>DESCRIPTION. NAMES are parted
# by spaces ("-o --output"); ARGUMENT is empty for a switch. An option's line begins with spaces and a dash, its
# description two spaces after it or on the next lines, which are indented further.

function flush() {
	if (names != "")
		print names "\t" argument "\t" description
	names = argument = description = ""
}

# "-o, --output=FILE", "-p PID": the names, and the argument that any of them shows.
function take_names(text,    parts, count, i, at) {
	count = split(text, parts, /, +/)
	for (i = 1; i <= count; i++) {
		at = match(parts[i], /[= ]/)
		if (at) {
			argument = substr(parts[i], at + 1)
			parts[i] = substr(parts[i], 1, at - 1)
		}
		names = names (i > 1 ? " " : "") parts[i]
	}
}

/^ +-/ {
	flush()
	sub(/^ +/, "")
	at = match($0, /  +/)
	description = at ? substr($0, at + RLENGTH) : ""
	take_names(at ? substr($0, 1, at - 1) : $0)
	inside = 1
	next
}
/^       +[^ ]/ && inside {
	sub(/^ +/, "")
	description = description (description == "" ? "" : " ") $0
	next
}
{
	flush()
	inside = 0
}
END { flush() }

# The completion for fish, from listing.sh.
BEGIN {
	FS = "\t"
	print "# Made from `escprof help` and `escprof COMMAND --help`."
	print "complete -c escprof -f"
	print "complete -c escprof -n __fish_use_subcommand -l help -d 'list the commands'"
	print "complete -c escprof -n __fish_use_subcommand -l version -d 'print the version'"
}

function quoted(text) {
	gsub(/[\\']/, "\\\\&", text)
	return "'" text "'"
}

function values(kind) {
	if (kind == "FILE")
		return " -r -F"
	if (kind == "DIR")
		return " -x -a '(__fish_complete_directories)'"
	if (kind == "PID")
		return " -x -a '(__fish_complete_pids)'"
	if (kind == "TRACE")
		return " -r -k -a '(__fish_complete_suffix .escprof)'"
	if (kind == "-")
		return " -x"
	return " -x -a " quoted(kind)
}

$1 == "command" {
	seen = "-n '__fish_seen_subcommand_from " $2 "'"
	print "complete -c escprof -n __fish_use_subcommand -a " $2 " -d " quoted($3)
	if ($4 == "COMMAND")
		print "complete -c escprof " seen " -x -a '(__fish_complete_subcommand --fcs-skip=2)'"
	else if ($4 == "TRACE")
		print "complete -c escprof " seen " -k -a '(__fish_complete_suffix .pb.gz; __fish_complete_suffix .escprof)'"
	else if ($4 != "")
		print "complete -c escprof " seen " -F"
}
$1 == "option" {
	line = "complete -c escprof -n '__fish_seen_subcommand_from " $2 "'"
	count = split($3, names, " ")
	for (i = 1; i <= count; i++)
		line = line (names[i] ~ /^--/ ? " -l " substr(names[i], 3) : " -s " quoted(substr(names[i], 2)))
	print line ($4 == "" ? "" : values($4)) " -d " quoted($5)
}

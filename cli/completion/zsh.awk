# The completion for zsh, from listing.sh: a case for each command with its options as _arguments wants them.
BEGIN {
	FS = "\t"
	print "#compdef escprof\n# Made from `escprof help` and `escprof COMMAND --help`.\n"
	print "_escprof_traces() { _files -g '*.(escprof|pb.gz)' }\n"
}

# For a word in single quotes that _arguments reads: brackets and colons mean something there.
function quoted(text) {
	gsub(/\[/, "\\[", text)
	gsub(/\]/, "\\]", text)
	gsub(/:/, "\\:", text)
	gsub(/'/, "'\\''", text)
	return text
}

function action(kind) {
	if (kind == "FILE")
		return "file:_files"
	if (kind == "DIR")
		return "folder:_files -/"
	if (kind == "PID")
		return "process:_pids"
	if (kind == "TRACE")
		return "trace:_escprof_traces"
	if (kind == "-")
		return "value: "
	return "value:(" kind ")"
}

$1 == "command" {
	commands = commands "\t\t'" $2 ":" quoted($3) "'\n"
	cases = cases (cases == "" ? "" : "\t\t;;\n") "\t" $2 ")\n\t\t_arguments -S"
	if ($4 == "COMMAND")
		cases = cases " \\\n\t\t\t'(-)1:command:_command_names -e' '*::arguments:_normal'"
	else if ($4 != "")
		cases = cases " \\\n\t\t\t'*:" action($4) "'"
	cases = cases "@@" $2 "@@\n"
}
$1 == "option" {
	count = split($3, names, " ")
	all = $3
	for (i = 1; i <= count; i++) {
		name = names[i]
		if ($4 != "")
			name = name (name ~ /^--/ ? "=" : "+")
		specs[$2] = specs[$2] " \\\n\t\t\t'" (count > 1 ? "(" all ")" : "") quoted(name) "[" quoted($5) "]" \
			($4 != "" ? ":" action($4) : "") "'"
	}
}
END {
	for (command in specs) {
		at = index(cases, "@@" command "@@")
		cases = substr(cases, 1, at - 1) specs[command] substr(cases, at + length("@@" command "@@"))
	}
	gsub(/@@[a-z-]*@@/, "", cases)
	print "_escprof() {\n\tlocal curcontext=$curcontext state line\n\tlocal -a names\n\tnames=(\n" commands "\t)"
	print "\t_arguments -C '(- *)--help[list the commands]' '(- *)--version[print the version]' \\"
	print "\t\t'1:command:->command' '*::arguments:->arguments' && return"
	print "\tcase $state in\n\tcommand) _describe command names; return ;;\n\tesac"
	print "\tcase $words[1] in\n" cases "\t\t;;\n\tesac\n}\n\n_escprof \"$@\""
}

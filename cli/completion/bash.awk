# The tables of the completion for bash, from listing.sh.
BEGIN { FS = "\t" }
$1 == "command" {
	commands = commands (commands == "" ? "" : " ") $2
	kinds = kinds "\t" $2 ":) echo \"" $4 "\" ;;\n"
}
$1 == "option" {
	count = split($3, names, " ")
	for (i = 1; i <= count; i++) {
		mark = $4 != "" && names[i] ~ /^--/ ? "=" : ""
		options[$2] = options[$2] (options[$2] == "" ? "" : " ") names[i] mark
		if ($4 != "")
			kinds = kinds "\t" $2 ":" names[i] ") echo \"" $4 "\" ;;\n"
	}
}
END {
	print "_escprof_commands='" commands " help'"
	print "_escprof_options() {\n\tcase $1 in"
	for (command in options)
		sorted[++n] = command
	for (i = 1; i <= n; i++) # in an order that does not depend on awk
		for (j = i + 1; j <= n; j++)
			if (sorted[j] < sorted[i]) {
				t = sorted[i]
				sorted[i] = sorted[j]
				sorted[j] = t
			}
	for (i = 1; i <= n; i++)
		print "\t" sorted[i] ") echo '" options[sorted[i]] "' ;;"
	print "\tesac\n}"
	printf "_escprof_kind() {\n\tcase $1:$2 in\n%s\tesac\n}\n", kinds
}

# SPDX-License-Identifier: GPL-2.0-or-later
# report.awk: the lines "BENCH PROGRAM N KEY=VALUE..." of bench.sh as tables. -v format=markdown|plain

function value(key,    i) {
	for (i = 4; i <= NF; i++)
		if (index($i, key "=") == 1)
			return substr($i, length(key) + 2)
	return ""
}

function ratio(a, b) { return a == "" || b == "" || b + 0 == 0 ? "-" : sprintf("%.2f", a / b) }

function number(v, places) { return v == "" ? "-" : sprintf("%." places "f", v) }

function title(text) { print (format == "markdown" ? "### " : "") text; print "" }

# cells: a|b|c; the first row of a table is its head
function row(cells, head,    n, part, i, line, rule) {
	n = split(cells, part, "|")
	if (format == "markdown") {
		gsub(/\|/, " | ", cells)
		print "| " cells " |"
		for (i = 1; i <= n; i++)
			rule = rule "| --- "
		if (head)
			print rule "|"
		return
	}
	for (i = 1; i <= n; i++)
		line = line sprintf(i == 1 ? "%-31s" : "%9s", part[i])
	print line
}

# Of several rounds the one that cost the program least, but rather one in which the load was all
# there; and the least of what the machine spent.
{
	key = $1 SUBSEP $2 SUBSEP $3
	cost = value("process_us"); machine = value("machine_us")
	if (value("offered_percent") != "" && value("offered_percent") < 97)
		cost += 1000000
	if (!((key, "seen") in v)) {
		lines++
		bench[lines] = $1; program[lines] = $2; count[lines] = $3
	} else {
		if (machine + 0 > v[key, "machine_us"] + 0)
			machine = v[key, "machine_us"]
		if (cost + 0 > v[key, "cost"] + 0) {
			v[key, "machine_us"] = machine
			next
		}
	}
	for (i = 4; i <= NF; i++) {
		split($i, pair, "=")
		v[key, pair[1]] = pair[2]
	}
	v[key, "machine_us"] = machine
	v[key, "cost"] = cost
	v[key, "seen"] = seen[$1] = 1
}

function get(b, p, n, key) { return v[b SUBSEP p SUBSEP n, key] }

function media_table(name, text,    i, p, n, machine, cpu) {
	if (!seen[name])
		return
	title(text)
	row("program, streams|process|machine|p50|p99|max|jitter|lost|sent %|/ bare|/ rtpe.", 1)
	for (i = 1; i <= lines; i++) {
		if (bench[i] != name)
			continue
		p = program[i]; n = count[i]
		machine = get(name, p, n, "machine_us")
		if (get(name, "direct", n, "machine_us") != "" && p != "direct")
			machine = machine - get(name, "direct", n, "machine_us")
		cpu = get(name, p, n, "process_us")
		row(p ", " n "|" (cpu + 0 ? number(cpu, 1) : "-") "|" number(machine, 1) "|" \
		    get(name, p, n, "p50_us") "|" get(name, p, n, "p99_us") "|" get(name, p, n, "max_us") "|" \
		    number(get(name, p, n, "jitter_us"), 0) "|" get(name, p, n, "lost") "|" \
		    get(name, p, n, "offered_percent") "|" \
		    (cpu + 0 ? ratio(cpu, get(name, "bare_relay", n, "process_us")) : "-") "|" \
		    (cpu + 0 ? ratio(cpu, get(name, "rtpengine", n, "process_us")) : "-"))
	}
	print ""
}

function sip_text(b, n) {
	if (b == "call")
		return n == "highest" ? "highest rate" : n " calls/s"
	if (b == "call_while_open")
		return "200 calls/s, " n " open"
	return "REGISTER of " n
}

function sip_table(    i, b, p, n, cost) {
	if (!seen["call"] && !seen["register"])
		return
	title("SIP: INVITE 100 180 200 ACK BYE 200, and REGISTER 200; us")
	row("program, work|rate|process|p50|p99|repeated|failed|/ bare|/ kamailio", 1)
	for (i = 1; i <= lines; i++) {
		b = bench[i]; p = program[i]; n = count[i]
		if (b != "call" && b != "call_while_open" && b != "register")
			continue
		cost = get(b, p, n, "process_us")
		row(p ", " sip_text(b, n) "|" (get(b, p, n, "rate") == "" ? "-" : get(b, p, n, "rate")) "|" \
		    number(cost, 0) "|" get(b, p, n, "p50_us") "|" \
		    get(b, p, n, "p99_us") "|" get(b, p, n, "repeated") "|" get(b, p, n, "failed") "|" \
		    ratio(cost, get(b, "bare_forwarder", n, "process_us")) "|" \
		    ratio(cost, get(b, "kamailio", n, "process_us")))
	}
	print ""
}

function mixed_table(    i, n) {
	if (!seen["mixed"])
		return
	title("200 streams beside SIP; us")
	row("calls a second|p50|p99|max|lost|late|failed|repeated", 1)
	for (i = 1; i <= lines; i++) {
		n = count[i]
		if (bench[i] != "mixed")
			continue
		row(n "|" get("mixed", "siproxd", n, "p50_us") "|" get("mixed", "siproxd", n, "p99_us") "|" \
		    get("mixed", "siproxd", n, "max_us") "|" get("mixed", "siproxd", n, "lost") "|" \
		    get("mixed", "siproxd", n, "late") "|" get("mixed_sip", "siproxd", n, "failed") "|" \
		    get("mixed_sip", "siproxd", n, "repeated"))
	}
	print ""
}

function memory_table(    p, i, list) {
	if (!seen["memory"])
		return
	title("Memory, start, size")
	row("program|RSS kB|anon. kB|call B|regist. B|start ms|size kB", 1)
	split("siproxd rtpengine", list, " ")
	for (i = 1; i <= 2; i++) {
		p = list[i]
		if (!get("memory", p, "idle", "seen"))
			continue
		row(p "|" get("memory", p, "idle", "rss_kb") "|" get("memory", p, "idle", "anonymous_kb") "|" \
		    each(p, "calls=1000", 1000) "|" each(p, "registrations=10000", 10000) "|" \
		    (get("start", p, "-", "us") == "" ? "-" : number(get("start", p, "-", "us") / 1000, 1)) "|" \
		    (get("start", p, "-", "bytes") == "" ? "-" : number(get("start", p, "-", "bytes") / 1000, 0)))
	}
	print ""
}

function each(p, what, n) {
	if (!get("memory", p, what, "seen"))
		return "-"
	return number((get("memory", p, what, "anonymous_kb") - get("memory", p, "idle", "anonymous_kb")) * 1024 / n, 0)
}

END {
	media_table("media", "Media: 172 bytes every 20 ms, both directions; us")
	media_table("many", "Many streams: as many packets a second on ten times the streams; us")
	sip_table()
	mixed_table()
	memory_table()
}

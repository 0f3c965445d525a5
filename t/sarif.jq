# What SARIF 2.1.0's schema wants of the parts that we write: an array of what is
# wrong, each with its path.  Keys that the schema does not have are wrong.

def keys_of($allowed): keys_unsorted - $allowed | map("no such key: " + .);
def must($ok; $text): if $ok then [] else [$text] end;
def at($path): map($path + ": " + .);
def int: type == "number" and . == floor;
def text: type == "string" and length > 0;
def unique_items: length == (unique | length);
def each($name; f): [to_entries[] | .key as $i | .value | f | at("\($name)[\($i)]")] | add // [];
def message: keys_of(["text", "markdown"]) + must(.text | text; "no text")
	+ must(.text | gsub("{{|}}"; "") | test("[{}]") | not; "an open brace");
# Relative as a reference whose first segment is no scheme, or file:///; no
# segments to be taken out but at a relative one's start.
def uri: text and (test("^file:///") or test("^[^/:]+(/|$)")) and
	(gsub("%[0-9A-F]{2}"; "") | test("^(file:/)?[A-Za-z0-9._~/-]*$")) and
	(sub("^([.][.]/)+"; "") | test("(^|/)[.][.]?(/|$)") | not);

def region: keys_of(["startLine", "startColumn", "endLine", "endColumn"])
	+ must(.startLine | int and . >= 1; "startLine")
	+ must(.startColumn == null or (.startColumn | int and . >= 1); "startColumn");
def artifact($files): keys_of(["uri", "index"])
	+ must(.uri | uri; "uri \(.uri)")
	+ must(.index == null or $files[.index].location.uri == .uri; "index");
def address: keys_of(["kind", "relativeAddress"])
	+ must(.relativeAddress == null or (.relativeAddress | int); "relativeAddress");
def physical($files): keys_of(["artifactLocation", "region", "address"])
	+ (.artifactLocation | artifact($files))
	+ (if .region then .region | region else [] end)
	+ (if .address then .address | address else [] end);
def location($files): keys_of(["id", "message", "physicalLocation", "logicalLocations"])
	+ must(.id == null or (.id | int and . >= 0); "id")
	+ (if .message then .message | message else [] end)
	+ (if .physicalLocation then .physicalLocation | physical($files) else [] end)
	+ (.logicalLocations // [] | must(unique_items; "logicalLocations")
		+ each("logicalLocations"; keys_of(["fullyQualifiedName", "kind"])
			+ must(.fullyQualifiedName | text; "fullyQualifiedName")));
def stack($files): keys_of(["message", "frames"])
	+ (.message | message)
	+ (.frames | each("frames"; keys_of(["location", "module"])
		+ must(.module == null or (.module | text); "module")
		+ (.location | location($files))));

def time: test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$");
def result($files; $rules): keys_of(["ruleId", "ruleIndex", "level", "rank", "message",
		"locations", "relatedLocations", "stacks", "partialFingerprints",
		"occurrenceCount", "provenance", "suppressions", "properties"])
	+ must($rules[.ruleIndex].id == .ruleId; "ruleIndex")
	+ must(.level | IN("note", "warning", "error"); "level")
	+ must(.rank | type == "number" and . >= 0 and . <= 100; "rank")
	+ must(.occurrenceCount == null or (.occurrenceCount | int and . >= 1); "occurrenceCount")
	+ (.message | message)
	+ (.locations | each("locations"; location($files)))
	+ (.relatedLocations // [] | must(unique_items; "relatedLocations")
		+ each("relatedLocations"; location($files)))
	+ (.stacks | must(unique_items; "stacks") + each("stacks"; stack($files)))
	+ must(.partialFingerprints | type == "object" and all(.[]; text); "partialFingerprints")
	+ must(.provenance // {} | all(.[]; time); "provenance")
	+ (.suppressions // [] | each("suppressions"; must(.kind | IN("inSource", "external"); "kind")))
	+ must(.properties["security-severity"] | test("^[0-9]+\\.[0-9]$"); "security-severity");
def rule: keys_of(["id", "name", "shortDescription", "help", "helpUri",
		"defaultConfiguration", "properties"])
	+ must(.id | text; "id")
	+ must(.name == null or (.name | text); "name")
	+ (.shortDescription | message) + (.help | message)
	+ must(.helpUri == null or (.helpUri | startswith("https://")); "helpUri")
	+ must(.defaultConfiguration.level | IN("note", "warning", "error"); "level")
	+ must(.properties.tags | unique_items and all(.[]; text); "tags");

keys_of(["$schema", "version", "runs"])
+ must(.version == "2.1.0"; "version")
+ must(.runs | length == 1; "runs")
+ (.runs[0] | .artifacts as $files | .tool.driver.rules as $rules
	| keys_of(["results", "tool", "artifacts"])
	+ must(.tool.driver.name == "lago"; "driver")
	+ must($rules | map(.id) | unique_items; "rules")
	+ must($files | unique_items; "artifacts")
	+ ($rules | each("rules"; rule))
	+ ($files | each("artifacts"; keys_of(["location", "roles"])
		+ must(.location.uri | uri; "uri")))
	+ (.results | each("results"; result($files; $rules))))

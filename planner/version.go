package planner

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// VersionKind says what the label in a component's path means.
type VersionKind string

// The kinds of labels.
const (
	// TrunkVersion: no label. Whoever follows it gets what is merged.
	TrunkVersion VersionKind = ""
	// FolderVersion such as v2, 1.4 or 2024.
	FolderVersion VersionKind = "folder version"
	// PinnedVersion is exact: v1.2.3, 2024.10.1, or a commit.
	PinnedVersion VersionKind = "pinned"
	// TrackVersion is a release track: alpha, beta, prod.
	TrackVersion VersionKind = "release track"
	// ChannelVersion is a track in a folder of channels, such as channels/dev/vpc.
	ChannelVersion VersionKind = "channel"
	// ExperimentVersion, HotfixVersion, PreviewVersion and DeprecatedVersion are what they say.
	ExperimentVersion VersionKind = "experiment"
	HotfixVersion     VersionKind = "hotfix"
	PreviewVersion    VersionKind = "preview"
	DeprecatedVersion VersionKind = "deprecated"
	// ModuleVersion is what the code asks for of a module from elsewhere.
	ModuleVersion VersionKind = "module version"
)

// Version is what the path of a component says about which version of it is there.
type Version struct {
	// Path that was read, slash-separated.
	Path string
	// Family is the path without the label: what all versions of the component have in common.
	Family string
	// Label such as "v2" or "experiment"; empty for the one that follows trunk.
	Label string
	Kind  VersionKind
}

var (
	// number is v2, 1.4, v1.2.3, 2024.10.1, with what may follow a version: -rc.1, +build, -stable.
	number    = regexp.MustCompile(`^v?[0-9]+(\.[0-9]+)*(-[0-9A-Za-z][0-9A-Za-z.-]*)?(\+[0-9A-Za-z.-]+)?$`)
	exact     = regexp.MustCompile(`^v?[0-9]+\.[0-9]+\.[0-9]+`)
	bare      = regexp.MustCompile(`^[0-9]+$`)
	calendar  = regexp.MustCompile(`^(19|20)[0-9]{2}$`)
	sha       = regexp.MustCompile(`^[0-9a-f]{7,40}$`)
	suffixed  = regexp.MustCompile(`^(.+)-(v?[0-9]+\.[0-9]+(?:\.[0-9]+)?(?:[-+.][0-9A-Za-z.+-]*)?|v[0-9]+)$`)
	shaSuffix = regexp.MustCompile(`^(.+)-([0-9a-f]{7,40})$`)
)

// tracks are the names of release tracks.
var tracks = []string{"alpha", "beta", "canary", "dev", "development", "edge", "experimental", "ga", "lts", "prod", "production", "rc", "stable", "staging"}

var channelFolders = []string{"channel", "channels"}

// labelled are suffixes and whole names that are a kind of their own.
var labelled = map[string]VersionKind{
	"experiment": ExperimentVersion, "hotfix": HotfixVersion, "preview": PreviewVersion, "deprecated": DeprecatedVersion, "beta": TrackVersion, "alpha": TrackVersion,
}

// VersionOf reads a path: its last element is looked at first, then the others from the left, since a track may come
// before the component's name as well as after it. Elements of base, which all components have in common, say nothing.
func VersionOf(name, base string) Version {
	version := Version{Path: name, Family: name}
	relative := strings.TrimPrefix(strings.TrimPrefix(name, base), "/")
	elements := strings.Split(relative, "/")
	last := len(elements) - 1
	if last > 0 {
		if kind := wholeLabel(elements[last]); kind != TrunkVersion {
			return version.without(base, elements, last, kind)
		}
	}
	if stem, label, kind := splitLabel(elements[last]); kind != TrunkVersion {
		elements[last] = stem
		version.Family, version.Label, version.Kind = path.Join(base, path.Join(elements...)), label, kind
		return version
	}
	for i, element := range elements[:last] {
		if kind := wholeLabel(element); kind != TrunkVersion {
			return version.without(base, elements, i, kind)
		}
	}
	return version
}

// without takes the label out of the elements.
func (v Version) without(base string, elements []string, i int, kind VersionKind) Version {
	v.Label, v.Kind = elements[i], kind
	from := i
	if i > 0 && slices.Contains(channelFolders, elements[i-1]) {
		v.Kind, from = ChannelVersion, i-1
	}
	v.Family = path.Join(append([]string{base}, slices.Concat(elements[:from], elements[i+1:])...)...)
	return v
}

// wholeLabel is the kind of an element that is nothing but a label.
func wholeLabel(element string) VersionKind {
	if kind, is := labelled[element]; is {
		return kind
	}
	switch {
	case slices.Contains(tracks, element):
		return TrackVersion
	case bare.MatchString(element) && !calendar.MatchString(element):
		return TrunkVersion // a number may be anything
	case number.MatchString(element):
		return numbered(element)
	case isCommit(element):
		return PinnedVersion
	}
	for _, track := range tracks { // prod-v1.2.3
		if rest, cut := strings.CutPrefix(element, track+"-"); cut && number.MatchString(rest) {
			return numbered(rest)
		}
	}
	return TrunkVersion
}

// numbered is the kind of a version that has numbers, and maybe words after them.
func numbered(text string) VersionKind {
	for word, kind := range labelled {
		if strings.HasSuffix(text, "-"+word) && kind != TrackVersion {
			return kind
		}
	}
	if exact.MatchString(text) {
		return PinnedVersion
	}
	return FolderVersion
}

// isCommit tells commits from words and from account numbers.
func isCommit(text string) bool {
	return sha.MatchString(text) && strings.ContainsAny(text, "0123456789") && strings.ContainsAny(text, "abcdef")
}

// splitLabel takes a label off the end of an element.
func splitLabel(element string) (stem, label string, kind VersionKind) {
	for word, kind := range labelled {
		if stem, cut := strings.CutSuffix(element, "-"+word); cut && stem != "" {
			return stem, word, kind
		}
	}
	if match := suffixed.FindStringSubmatch(element); match != nil {
		return match[1], match[2], numbered(match[2])
	}
	if match := shaSuffix.FindStringSubmatch(element); match != nil && isCommit(match[2]) {
		return match[1], match[2], PinnedVersion
	}
	return element, "", TrunkVersion
}

// remoteVersion is what a module's source and version in the code say.
func remoteVersion(source, version string) Version {
	family, query, _ := strings.Cut(source, "?")
	for field := range strings.SplitSeq(query, "&") {
		if ref, is := strings.CutPrefix(field, "ref="); is && version == "" {
			version = ref
		}
	}
	family = strings.TrimPrefix(family, "git::")
	if scheme, rest, is := strings.Cut(family, "://"); is {
		if _, host, secret := strings.Cut(rest, "@"); secret && scheme != "ssh" {
			rest = host // without who asks
		}
		family = rest
	}
	found := Version{Path: family, Family: family, Label: version}
	if version != "" {
		found.Path, found.Kind = family+" "+version, ModuleVersion
	}
	return found
}

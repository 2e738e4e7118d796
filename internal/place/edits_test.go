package place_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/iamber12/job-status-monitoring/internal/edits"
	"github.com/iamber12/job-status-monitoring/internal/place"
)

// placeTexts are places and lists of them, some of them wrong.
var placeTexts = []string{
	"a.b", `["a.b"][2][-1]`, "c[type=Complete].x, @code", "{id}.x,jobs[id={id}]", "@header.X", "@link.next", ".", "-", "a[=b]", "a[[", "a.[", `["`,
	"a[b.c=d]", `c[a!=b, c="d,]"].x`, "[\"\x8a\xdf\xc4}\"]", "c[a=b,a=c].x,c[a=b].x", `tagged[".tag"=failure,"x"!=].why`, "{{id}}{id}.{{key}}", "@text,@json.a",
	"texts.plain.@json.list[n=2].n,texts.twice.@json.in.@json[0]", "minions[ok!=true].code,minions[=x,code=1]", "a = b, a.x = [0], a = c[x=1].y",
	"jobs[-1].meta.kind, conditions[type!=ready,status!=].status, flags[=completing], jobs[id={id}].tags[-2], deep[1]", "parts[error=].error, parts[error.code!=].n",
	"tagged[0].@tag", "@tag, a.b.@tag, minions.a.@tag", "texts.list[-1].@json.@tag, a.@tag = c[x=1].@tag", "minions[code=3].@tag",
}

// fault 17: wherever a place or a body was edited, the place is refused at one of its characters or
// finds JSON in a body that is JSON.
func TestEditedPlacesAndBodiesAreRefusedOrRead(t *testing.T) {
	t.Parallel()
	bodies := []string{body, parts, `{"a":1,"b":1.0,"c":[{"x":1,"y":"1"}]}`, `[1,[2,{"a":[]}],"\u0061"]`, `{"7": {"x": 1, "y": 2}}`, `{"":{"":""}}`, "half way", `{"a":{"b":{"done":{},"failed":null,"x":false}}}`, `{"a":[{"pending":{}}]}`}
	var found place.Found
	edits.Run(t, func(e *edits.Editor) error {
		text := string(e.Edit(placeTexts))
		places, err := place.ParseList(text)
		if err != nil {
			if wrong := (*place.Error)(nil); !errors.As(err, &wrong) || wrong.At < 0 || wrong.At > len(text) {
				return fmt.Errorf("the error %w has no place", err)
			}
			return nil
		}
		s, err := place.NewSet(places, e.IntN(len(places)+1))
		if err != nil {
			return nil // there are too many
		}
		a := &place.Answer{Code: 200, Header: http.Header{"Link": {text}, "X": {text}}, Body: e.Edit(bodies), Name: "7"}
		if s.Find(a, &found) != nil {
			return nil // TestPlacesReadWhatStandsThere and FuzzPlaces say when
		}
		for i, v := range found.Values {
			switch {
			case v == nil:
			case !json.Valid(v):
				return fmt.Errorf("%s is %q", places[i].Text, v)
			case places[i].Source == place.Body && !json.Valid(a.Body):
				return fmt.Errorf("%s is %q in what is no JSON", places[i].Text, v)
			}
			_, _, _ = place.Value(v).Kind(), place.Value(v).IsSaid(), place.Value(v).Text()
		}
		return nil
	})
}

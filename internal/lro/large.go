package lro

import (
	"bytes"
	"encoding/json"
	"slices"
)

// members returns the members of a JSON object whose end has not been received. They are an object
// without the member that was being received, whose name is cut, or "" if there is none. For any
// other text, members returns nil.
func members(body []byte) (object []byte, cut string) {
	d := json.NewDecoder(bytes.NewReader(body))
	if start, _ := d.Token(); start != json.Delim('{') {
		return nil, ""
	}
	object = []byte{'{'}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return append(object, '}'), ""
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return append(object, '}'), name
		}
		if len(object) > 1 {
			object = append(object, ',')
		}
		key, _ := json.Marshal(name) // a string always can be
		object = append(append(append(object, key...), ':'), value...)
	}
	if _, err := d.Token(); err == nil {
		return nil, "" // the object has its end, and what follows is not JSON
	}
	return append(object, '}'), ""
}

// isStatusCut reports whether the beginning of an answer at a Location ends within a member that
// may say how the operation stands.
func isStatusCut(body []byte) bool {
	_, cut := members(body)
	return slices.Contains([]string{"properties", "status", "error"}, cut)
}

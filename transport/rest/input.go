package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/template"
	"github.com/iamber12/job-status-monitoring/internal/web"
)

// encode encodes an input as the body of a create with a Content-Type. It also returns the full
// Content-Type. If field and key are set, the body has the key at the field.
func encode(input any, typ, field, key string) (body []byte, full string, err error) {
	switch lower := strings.ToLower(typ); {
	case typ == "" || template.IsJSON(typ):
		if body, err = json.Marshal(input); err == nil && field != "" && key != "" {
			body, err = putKey(body, field, key)
		}
		return body, typ, err
	case template.IsForm(typ):
		values, err := formOf(input)
		if err != nil {
			return nil, typ, err
		}
		form := url.Values{}
		for name, all := range values {
			for _, v := range all {
				form.Add(name, fmt.Sprint(v))
			}
		}
		if field != "" && key != "" {
			form.Set(field, key)
		}
		return []byte(form.Encode()), typ, nil
	case strings.HasPrefix(lower, "multipart/form-data"):
		values, err := formOf(input)
		if err == nil && field != "" && key != "" {
			values[field] = []any{key}
		}
		if err != nil {
			return nil, typ, err
		}
		return multipartOf(values)
	}
	if field != "" && key != "" {
		return nil, typ, noField(typ, field)
	}
	switch text := input.(type) {
	case string:
		return []byte(text), typ, nil
	case []byte:
		return text, typ, nil
	case io.Reader:
		return nil, typ, errors.New("an io.Reader can't be sent a second time: give its bytes")
	default:
		return nil, typ, fmt.Errorf("an input of type %T can't be sent as %s: give a string or bytes", input, typ)
	}
}

// formOf returns the fields of a form from a map or a struct, with the names that JSON gives them.
// A member within a field is named field[name], as most services expect.
func formOf(input any) (map[string][]any, error) {
	form := map[string][]any{}
	switch in := input.(type) {
	case nil:
		return form, nil
	case url.Values:
		for name, all := range in {
			for _, v := range all {
				form[name] = append(form[name], v)
			}
		}
		return form, nil
	case map[string]any:
		for name, v := range in {
			if err := flatten(form, name, v); err != nil {
				return nil, err
			}
		}
		return form, nil
	}
	text, err := json.Marshal(input)
	if err != nil {
		return nil, err
	}
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&object) != nil {
		return nil, fmt.Errorf("an input of type %T can't be sent as a form: give a map, a struct or url.Values", input)
	}
	return formOf(object)
}

func flatten(form map[string][]any, name string, v any) error {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for key, inner := range v {
			if err := flatten(form, name+"["+key+"]", inner); err != nil {
				return err
			}
		}
	case []any:
		for _, inner := range v {
			if err := flatten(form, name+"[]", inner); err != nil {
				return err
			}
		}
	case string, bool, json.Number, int, int64, float64, File, *File:
		form[name] = append(form[name], v)
	default:
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		var decoded any
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&decoded); err != nil {
			return err
		}
		return flatten(form, name, decoded)
	}
	return nil
}

// multipartOf returns a multipart/form-data body and its Content-Type.
func multipartOf(form map[string][]any) ([]byte, string, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, v := range form[name] {
			if file, ok := v.(*File); ok && file != nil {
				v = *file
			}
			file, ok := v.(File)
			if !ok {
				_ = w.WriteField(name, fmt.Sprint(v)) // writing to a Buffer never fails
				continue
			}
			h := textproto.MIMEHeader{}
			h.Set("Content-Disposition", fmt.Sprintf(`form-data; name=%q; filename=%q`, name, file.Name))
			h.Set("Content-Type", "application/octet-stream")
			if file.Type != "" {
				h.Set("Content-Type", file.Type)
			}
			if !web.IsHeaderValue(file.Type) || !web.IsHeaderValue(file.Name) {
				return nil, "", fmt.Errorf("the File at %q has a control character in its name or type", name)
			}
			part, _ := w.CreatePart(h)
			_, _ = part.Write(file.Content)
		}
	}
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType(), nil
}

// putKey sets the value at a field of a JSON object, such as "data.token".
func putKey(body []byte, field, key string) ([]byte, error) {
	var object map[string]json.RawMessage
	if len(body) == 0 || string(body) == "null" {
		object = map[string]json.RawMessage{}
	} else if err := json.Unmarshal(body, &object); err != nil {
		return nil, fmt.Errorf("the idempotency key can't be put at %q: the input is no object there", field)
	}
	name, rest, deeper := strings.Cut(field, ".")
	if !deeper {
		object[name], _ = json.Marshal(key) // a string always can be
	} else {
		inner, err := putKey(object[name], rest, key)
		if err != nil {
			return nil, err
		}
		object[name] = inner
	}
	return json.Marshal(object)
}

package template

// The holes of a Spec.
const (
	ID     = "id"
	Rev    = "rev"
	Key    = "key"
	Result = "result"
	Page   = "page"
	Hold   = "hold"
)

// Vars has the values for the holes of a Spec.
type Vars struct{ ID, Rev, Key, Result, Page, Hold string }

func (v *Vars) get(hole string) string {
	switch hole {
	case ID:
		return v.ID
	case Rev:
		return v.Rev
	case Key:
		return v.Key
	case Result:
		return v.Result
	case Page:
		return v.Page
	case Hold:
		return v.Hold
	default:
		return ""
	}
}

// inPath returns the value for a hole of a path. Unlike a parameter of a query, a part of a path
// cannot be omitted, so {hold} becomes 0.
func (v *Vars) inPath(hole string) string {
	if hole == Hold && v.Hold == "" {
		return "0"
	}
	return v.get(hole)
}

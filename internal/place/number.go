package place

import (
	"encoding/json"
	"strconv"
	"strings"
)

// NumberValue returns a text that is the same for all spellings of a JSON number, such as 2, 2.0
// and 2e0. It consists of the digits without outer zeros, and the exponent.
func NumberValue(text string) (string, bool) {
	text = strings.TrimSpace(text)
	if text == "" || strings.Trim(text[:1], "-0123456789") != "" || !json.Valid([]byte(text)) {
		return "", false
	}
	mantissa, power, _ := strings.Cut(strings.ToLower(text), "e")
	exponent := 0
	if power != "" {
		var err error
		if exponent, err = strconv.Atoi(power); err != nil || max(exponent, -exponent) > 1<<30 {
			return "", false
		}
	}
	digits, negative := strings.CutPrefix(mantissa, "-")
	whole, part, _ := strings.Cut(digits, ".")
	digits = strings.TrimLeft(whole+part, "0")
	if digits == "" {
		return "0", true
	}
	significant := strings.TrimRight(digits, "0")
	number := significant + "e" + strconv.Itoa(exponent-len(part)+len(digits)-len(significant))
	if negative {
		number = "-" + number
	}
	return number, true
}

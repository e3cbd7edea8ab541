// A receiver: CONVOY_ENDPOINT_SECRET=… PORT=9000 go run examples/receiver.go
// Go 1.22 or later, with its standard library only.
package main

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

const maxBytes = 1 << 20

var (
	// The last word of `event`, for any resource.
	changes = map[string]bool{"created": true, "updated": true, "deleted": true}
	others  = map[string]bool{"retrieved": true, "failure": true, "ping": true}

	signed = regexp.MustCompile(`^t=([0-9]{1,11})((?:,v[0-9]+=[0-9a-f]{64})+)$`)
)

// verified says whether Convoy signed exactly these bytes, at most 300 seconds from now.
func verified(secret string, body []byte, header string, now time.Time) bool {
	found := signed.FindStringSubmatch(header)
	if secret == "" || found == nil {
		return false
	}
	at, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil || now.Sub(time.Unix(at, 0)).Abs() > 300*time.Second {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(found[1] + ","))
	mac.Write(body)
	expected := []byte(hex.EncodeToString(mac.Sum(nil)))
	for _, each := range strings.Split(found[2], ",")[1:] {
		_, signature, _ := strings.Cut(each, "=")
		if hmac.Equal([]byte(signature), expected) {
			return true
		}
	}
	return false
}

// An event, with its other fields as they came.
type event struct {
	name, id string
	fields   map[string]json.RawMessage
}

// split gives `todo` and `created` for `todo.created`, and “ and `ping` for `ping`.
func split(name string) (kind, action string) {
	dot := strings.LastIndex(name, ".")
	return name[:max(dot, 0)], name[dot+1:]
}

// parsed gives an event without a name for JSON that is no event.
func parsed(body []byte) (event, error) {
	var found event
	if !json.Valid(body) {
		return found, errors.New("the body is not JSON")
	}
	if json.Unmarshal(body, &found.fields) != nil {
		return found, nil
	}
	_ = json.Unmarshal(found.fields["event"], &found.name) // absent, or no text: no event of ours
	_ = json.Unmarshal(found.fields["id"], &found.id)
	return found, nil
}

// received is in memory, for one process. Use a table instead, in one transaction with your own
// writes.
type received struct {
	lock     sync.Mutex
	versions map[string]int64
}

func newReceived() *received {
	return &received{versions: map[string]int64{}}
}

// take calls `work` with an event unless it came before, or is a change older than the newest one.
// One at a time. Recorded after the work: with an error of it, Convoy's next attempt is still news.
func (r *received) take(found event, work func(event) error) error {
	r.lock.Lock()
	defer r.lock.Unlock()
	key, version, err := keyAndVersion(found)
	if err == nil && version > r.versions[key] {
		if err = work(found); err == nil {
			r.versions[key] = version
		}
	}
	return err
}

func keyAndVersion(found event) (string, int64, error) {
	kind, action := split(found.name)
	if !changes[action] {
		return "/" + found.id, 1, nil
	}
	var resource map[string]json.RawMessage // a struct would also take `ID` for `id`
	var id, version int64
	err := json.Unmarshal(found.fields[kind], &resource)
	err = errors.Join(err, json.Unmarshal(resource["id"], &id), json.Unmarshal(resource["version"], &version))
	if err != nil {
		return "", 0, fmt.Errorf("%s: %w", found.name, err)
	}
	return fmt.Sprintf("%s/%d", kind, id), version, nil
}

// receiver calls `work` with each new event. With an error of `work`, Convoy tries again.
func receiver(secrets []string, work func(event) error) http.Handler {
	seen := newReceived()
	routes := http.NewServeMux()
	// Convoy asks so before it takes the URL of an endpoint.
	routes.HandleFunc("HEAD /webhooks", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})
	routes.HandleFunc("POST /webhooks", func(w http.ResponseWriter, r *http.Request) {
		// The bytes as they came: parsed and rewritten JSON differs.
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBytes))
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		if err != nil {
			w.WriteHeader(http.StatusBadRequest) // it did not arrive as a whole
			return
		}
		w.WriteHeader(answer(secrets, body, r.Header.Get("X-Convoy-Signature"), seen, work))
	})
	return routes
}

func answer(secrets []string, body []byte, header string, seen *received, work func(event) error) int {
	trusted := false
	for _, secret := range secrets {
		trusted = trusted || verified(secret, body, header, time.Now())
	}
	if !trusted {
		return http.StatusUnauthorized
	}
	found, err := parsed(body)
	_, action := split(found.name)
	// Ignore unknown events: new types may be added.
	if err == nil && (changes[action] || others[action]) {
		err = seen.take(found, work)
	}
	if err != nil {
		log.Print(err)
		return http.StatusInternalServerError
	}
	return http.StatusNoContent
}

func main() {
	// Several secrets, with spaces between them: the new one and the old one, while it is rotated.
	secrets := strings.Fields(os.Getenv("CONVOY_ENDPOINT_SECRET"))
	if len(secrets) == 0 {
		log.Fatal("CONVOY_ENDPOINT_SECRET is not set. Set it: anybody can sign without it.")
	}
	work := func(found event) error { // your work: be fast, or queue it
		_, err := fmt.Println(found.name, found.id)
		return err
	}
	server := http.Server{
		Addr:        ":" + cmp.Or(os.Getenv("PORT"), "9000"),
		Handler:     receiver(secrets, work),
		ReadTimeout: 10 * time.Second,
	}
	log.Fatal(server.ListenAndServe())
}

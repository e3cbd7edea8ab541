// Calls the functions of the receiver beside it: driver < questions > answers

package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"time"
)

type questions struct {
	Vectors []struct {
		Secret     string
		BodyBase64 []byte `json:"body_base64"`
		Header     string
		Now        int64
	}
	History  []json.RawMessage
	Orders   [][]int
	Attempts attempts
}

type attempts struct {
	Secret   string
	Requests []struct{ Header, Body string }
}

type answers struct {
	Valid    []bool   `json:"valid"`
	News     [][]bool `json:"news"`
	Statuses []int    `json:"statuses"`
	Worked   []string `json:"worked"`
}

// init ends the process before the receiver starts to serve. Built as a test, it would need more of
// the standard library: half as long again to compile, the first time.
func init() {
	var asked questions
	must(json.NewDecoder(os.Stdin).Decode(&asked))
	given := answers{Valid: []bool{}, News: [][]bool{}}
	for _, each := range asked.Vectors {
		now := time.Unix(each.Now, 0)
		given.Valid = append(given.Valid, verified(each.Secret, each.BodyBase64, each.Header, now))
	}
	for _, order := range asked.Orders {
		seen, news := newReceived(), []bool{}
		for _, index := range order {
			found, err := parsed(asked.History[index])
			must(err)
			is := false
			must(seen.take(found, func(event) error { is = true; return nil }))
			news = append(news, is)
		}
		given.News = append(given.News, news)
	}
	given.Statuses, given.Worked = tried(asked.Attempts)
	must(json.NewEncoder(os.Stdout).Encode(given))
	os.Exit(0)
}

// tried gives the answers to requests at once. The work of each event fails the first time.
func tried(asked attempts) ([]int, []string) {
	failed, worked := map[string]bool{}, []string{}
	log.SetOutput(io.Discard) // the receiver shows each error
	handler := receiver([]string{asked.Secret}, func(found event) error {
		if !failed[found.id] {
			failed[found.id] = true
			return errors.New("expected")
		}
		worked = append(worked, found.id)
		return nil
	})
	statuses := make([]int, len(asked.Requests))
	var all sync.WaitGroup
	for at, each := range asked.Requests {
		all.Add(1)
		go func() {
			defer all.Done()
			request := httptest.NewRequest("POST", "/webhooks", strings.NewReader(each.Body))
			request.Header.Set("X-Convoy-Signature", each.Header)
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, request)
			statuses[at] = answer.Code
		}()
	}
	all.Wait()
	return statuses, worked
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

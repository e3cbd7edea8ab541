// Calls the functions of the receiver beside it: receiver.test < questions > answers

package main

import (
	"encoding/json"
	"os"
	"testing"
	"time"
)

type questions struct {
	Vectors []struct {
		Secret     string
		BodyBase64 []byte `json:"body_base64"`
		Header     string
		Now        int64
	}
	History []json.RawMessage
	Orders  [][]int
}

type answers struct {
	Valid []bool   `json:"valid"`
	News  [][]bool `json:"news"`
}

func TestMain(*testing.M) {
	var asked questions
	must(json.NewDecoder(os.Stdin).Decode(&asked))
	given := answers{[]bool{}, [][]bool{}}
	for _, each := range asked.Vectors {
		now := time.Unix(each.Now, 0)
		given.Valid = append(given.Valid, verified(each.Secret, each.BodyBase64, each.Header, now))
	}
	for _, order := range asked.Orders {
		seen, news := newReceived(), []bool{}
		for _, index := range order {
			found, err := parsed(asked.History[index])
			must(err)
			is, err := seen.isNews(found)
			must(err)
			news = append(news, is)
		}
		given.News = append(given.News, news)
	}
	must(json.NewEncoder(os.Stdout).Encode(given))
	os.Exit(0)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

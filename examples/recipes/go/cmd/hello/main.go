package main

import (
	"fmt"

	"example.org/greetings/words"
)

func main() {
	fmt.Println(words.To("hello", "world"))
}

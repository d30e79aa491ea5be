// Package words says things.
package words

// To puts a word and a name together.
func To(word, name string) string {
	return word + ", " + name
}

// Package trial puts the whole program, as its real processes, to the test: it is killed, flooded, lied to and cut off, and nothing may get lost.
package trial

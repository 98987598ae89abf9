// Package ordeal puts the whole program, as its real processes, before floods, forgers, odd records, wrong settings and storage that hangs; package trial kills it.
package ordeal

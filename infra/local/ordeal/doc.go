// Package ordeal puts the whole program through crashes, outages and floods, as its real processes under the host stand-in.
package ordeal

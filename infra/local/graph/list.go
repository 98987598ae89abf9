package graph

import (
	"net/http"
	"strconv"
)

const graphPage = 100

// list answers with a list, cut into pages. The link to the next page holds a token.
func (s *Server) list(w http.ResponseWriter, r *http.Request, objects []Object) {
	fields := r.URL.Query().Get("$select")
	chosen := make([]Object, 0, len(objects))
	for _, o := range objects {
		chosen = append(chosen, picked(o, fields))
	}
	s.page(w, r, chosen)
}

func (s *Server) page(w http.ResponseWriter, r *http.Request, objects []Object) {
	s.mu.Lock()
	size := s.pageSize
	s.mu.Unlock()
	if size == 0 {
		size = graphPage
		if top, err := strconv.Atoi(r.URL.Query().Get("$top")); err == nil {
			size = min(max(top, 1), 999)
		}
	}
	body := Object{"@odata.context": "https://graph.microsoft.com" + r.URL.Path, "value": objects}
	if len(objects) > size {
		body["value"] = objects[:size]
		s.mu.Lock()
		token := "page-" + strconv.Itoa(len(s.rests)+1)
		s.rests[token] = objects[size:]
		s.mu.Unlock()
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		body["@odata.nextLink"] = scheme + "://" + r.Host + r.URL.Path + "?$skiptoken=" + token
	}
	answer(w, http.StatusOK, body)
}

// next answers for a link to a next page, and says whether the request was one.
func (s *Server) next(w http.ResponseWriter, r *http.Request) bool {
	token := r.URL.Query().Get("$skiptoken")
	if token == "" {
		return false
	}
	s.mu.Lock()
	rest, known := s.rests[token]
	s.mu.Unlock()
	if !known {
		refuse(w, http.StatusBadRequest, "Directory_ExpiredPageToken", "The specified page token value is no longer valid.")
		return true
	}
	s.page(w, r, rest)
	return true
}

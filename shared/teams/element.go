package teams

// The shapes of Adaptive Cards 1.4 (https://adaptivecards.io/explorer/) that a card is made of.
// TextBlock.style came with 1.5: older clients pass over it, and Teams' read it to screen readers.

type envelope struct {
	Type        string       `json:"type"`
	Attachments []attachment `json:"attachments"`
}

type attachment struct {
	ContentType string  `json:"contentType"`
	ContentURL  *string `json:"contentUrl"` // Workflows wants to see the null
	Content     card    `json:"content"`
}

type card struct {
	Type         string    `json:"type"`
	Schema       string    `json:"$schema"`
	Version      string    `json:"version"`
	FallbackText string    `json:"fallbackText"`
	MSTeams      msTeams   `json:"msteams"`
	Body         []element `json:"body"`
	Actions      []action  `json:"actions,omitempty"`
}

type msTeams struct {
	Width string `json:"width"`
}

// element is a TextBlock, a Container or a FactSet.
type element struct {
	Type      string    `json:"type"`
	Style     string    `json:"style,omitempty"`
	Text      string    `json:"text,omitempty"`
	Wrap      bool      `json:"wrap,omitempty"`
	Size      string    `json:"size,omitempty"`
	Weight    string    `json:"weight,omitempty"`
	FontType  string    `json:"fontType,omitempty"`
	IsSubtle  bool      `json:"isSubtle,omitempty"`
	Spacing   string    `json:"spacing,omitempty"`
	Separator bool      `json:"separator,omitempty"`
	Bleed     bool      `json:"bleed,omitempty"`
	Items     []element `json:"items,omitempty"`
	Facts     []fact    `json:"facts,omitempty"`
}

type fact struct {
	Title string `json:"title"`
	Value string `json:"value"`
}

type action struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

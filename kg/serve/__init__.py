"""``trialkg serve``: a SPARQL endpoint, pages to ask and to look, and every resource at its address."""

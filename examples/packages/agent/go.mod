module example.com/acme/agent

go 1.22

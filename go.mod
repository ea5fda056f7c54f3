module lvs

go 1.26

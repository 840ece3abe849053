#!/bin/sh
# tests/lib/chains.sh: certificates, good and bad, for tests of TLS.
#
#   tests/lib/chains.sh FOLDER
#
# For each NAME of a server: NAME.pem (its chain) and NAME.key. roots.pem is
# the bundle that a client trusts: 140 strangers, then our two roots. RSA_BITS
# (4096) is what the authorities of RSA have.
set -eu
cd "$1"

cat >ca.cnf <<'END'
[ca]
default_ca = it
[it]
new_certs_dir = .
database = index.txt
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = none
unique_subject = no
email_in_dn = no
[any]
commonName = supplied
organizationName = optional
[req]
distinguished_name = dn
prompt = no
[dn]
CN = unused
[root]
basicConstraints = critical, CA:true
subjectKeyIdentifier = hash
[inter]
basicConstraints = critical, CA:true, pathlen:0
[leaf]
basicConstraints = CA:false
subjectAltName = DNS:localhost, DNS:*.wild.example, IP:127.0.0.1
[wrong]
basicConstraints = CA:false
subjectAltName = DNS:other.example, IP:192.0.2.1
[client]
basicConstraints = CA:false
subjectAltName = DNS:localhost, IP:127.0.0.1
extendedKeyUsage = clientAuth
END
: >index.txt

key() { # name algorithm-options...
    name=$1
    shift
    openssl genpkey "$@" -out "$name.key" 2>/dev/null
}
self() { # name subject section extra...
    name=$1 subject=$2 section=$3
    shift 3
    openssl req -x509 -new -config ca.cnf -key "$name.key" -subj "$subject" \
        -extensions "$section" -days 3650 -out "$name.crt" "$@"
}
sign() { # name subject section authority extra...
    name=$1 subject=$2 section=$3 authority=$4
    shift 4
    openssl req -new -config ca.cnf -key "$name.key" -subj "$subject" \
        -out "$name.csr"
    openssl ca -batch -notext -config ca.cnf -in "$name.csr" \
        -cert "$authority.crt" -keyfile "$authority.key" \
        -extensions "$section" -startdate 20200101000000Z \
        -enddate 20491231000000Z -out "$name.crt" "$@" 2>/dev/null
}
RSA="-algorithm RSA -pkeyopt rsa_keygen_bits"
EC="-algorithm EC -pkeyopt ec_paramgen_curve"

# Roots: an old one that signed itself with SHA-1, and an elliptic one.
key root-rsa $RSA:"${RSA_BITS:-4096}"
key root-ec $EC:P-384
key stranger $EC:P-256
self root-rsa "/O=Runnel Test/CN=Old Root" root -sha1
self root-ec "/O=Runnel Test/CN=New Root" root
self stranger "/O=Runnel Test/CN=Stranger" root
: >roots.pem
i=0
while [ $i -lt 140 ]; do
    cat stranger.crt >>roots.pem
    i=$((i + 1))
done
cat root-rsa.crt root-ec.crt >>roots.pem

key inter-rsa $RSA:"${RSA_BITS:-4096}"
key inter-ec $EC:P-384
sign inter-rsa "/CN=Inter RSA" inter root-rsa
sign inter-ec "/CN=Inter EC" inter root-ec
key rsa $RSA:2048
sign rsa "/CN=localhost" leaf inter-rsa
key ec $EC:P-256
sign ec "/CN=localhost" leaf inter-ec
cat rsa.crt inter-rsa.crt root-rsa.crt >rsa.pem
cat ec.crt inter-ec.crt >ec.pem

# What must be refused, each for one reason.
for name in expired future wrong sha1 client unknown alone self; do
    cp ec.key $name.key
done
sign expired "/CN=localhost" leaf inter-ec -enddate 20210203000000Z
sign future "/CN=localhost" leaf inter-ec -startdate 20480203000000Z
sign wrong "/CN=other.example" wrong inter-ec
sign sha1 "/CN=localhost" leaf inter-ec -md sha1
sign client "/CN=localhost" client inter-ec
for name in expired future wrong sha1 client; do
    cat $name.crt inter-ec.crt >$name.pem
done
cp ec.crt alone.pem
key short $RSA:1024
sign short "/CN=localhost" leaf inter-ec
cat short.crt inter-ec.crt >short.pem
self self "/CN=localhost" leaf
cp self.crt self.pem
key nobody $EC:P-256
self nobody "/CN=Nobody" root
sign unknown "/CN=localhost" leaf nobody
cat unknown.crt nobody.crt >unknown.pem

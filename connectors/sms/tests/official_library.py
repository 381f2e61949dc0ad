"""Signs and judges requests with the provider's own library.

Reads a JSON list of cases from stdin and answers with a list of results. Each case holds a request
to sign and the same request with one change; the result holds the signature of the first, and what
the library says to both under that signature.
"""

import json
import sys

from twilio.request_validator import RequestValidator


class Fields(dict):
    """Fields that may have several values, as web frameworks hand them over."""

    def __init__(self, pairs):
        super().__init__()
        for key, value in pairs:
            self.setdefault(key, []).append(value)

    def getall(self, key):
        return self[key]


def params(request):
    if request["json"] is not None:
        return request["json"]
    return Fields(request["fields"])


def main():
    results = []
    for case in json.load(sys.stdin):
        validator = RequestValidator(case["token"])
        good, bad, scheme = case["good"], case["bad"], case["scheme"]
        signed = {} if good["json"] is not None else params(good)
        signature = validator.compute_signature(case["signed_url"], signed, scheme)
        results.append(
            {
                "signature": signature,
                "accepts_good": validator.validate(good["url"], params(good), signature, scheme),
                "accepts_bad": validator.validate(bad["url"], params(bad), signature, scheme),
            }
        )
    json.dump(results, sys.stdout)


main()

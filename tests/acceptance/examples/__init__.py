"""The pages of docs/examples: what is asked, as data; what is answered, from the example project itself.

`tests/acceptance/test_examples.py` compares the pages with what is answered now. To write them anew:

    UPDATE_EXAMPLES=1 python -m pytest tests/acceptance/test_examples.py
"""

"""The demo with this shop: the same orders, the same crash, the same claims."""

import sys

from examples.violin_shop.demo import Written, main
from examples.violin_shop_sdk.shop import Shop

if __name__ == "__main__":
    sys.exit(main(Written("Dalsegno's SDK", Shop, "examples.violin_shop_sdk.workers")))

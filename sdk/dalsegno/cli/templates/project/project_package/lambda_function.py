"""The workers as a Lambda function, which ``app.py`` deploys."""

from dalsegno import Worker

from project_package.workers import charge_card, price_items

functions = (price_items, charge_card)
handler = Worker(*functions).lambda_handler()

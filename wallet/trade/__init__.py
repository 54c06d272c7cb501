"""Trade documents beside a held payment: order, shipment, proof of delivery, customs."""

"""What happened, in numbers: measures and the charts that judge them."""

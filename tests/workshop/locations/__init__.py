"""Places of business."""

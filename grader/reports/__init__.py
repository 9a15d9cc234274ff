"""What people read: feedback, exports, answers that resemble each other."""

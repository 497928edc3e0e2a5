// Submits the authorization response. Without scripts the user presses the button.
document.getElementById("form-post").submit();

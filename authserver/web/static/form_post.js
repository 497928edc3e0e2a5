// Sends the answer on at once; the button is for browsers without script.
document.getElementById("form-post").submit();

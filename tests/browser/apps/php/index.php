<?php
// A PHP app as tutorials write it: PHP's own session, a form on its front page, an upload, a
// download and a link to a new window. Its style sheet and its download begin at the root of its
// host. Below a base path, php -S serves the parent directory.
session_start();
$_SESSION['user'] ??= $_SERVER['HTTP_X_FORWARDED_USER'] ?? '';
$_SESSION['token'] ??= bin2hex(random_bytes(16));
$_SESSION['notes'] ??= [];
$base = getenv('BASE') ?: '';
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    if (!hash_equals($_SESSION['token'], $_POST['token'] ?? '')) {
        http_response_code(403);
        exit('This form is from another session.');
    }
    if (isset($_FILES['file'])) {
        $_SESSION['notes'][] = "{$_FILES['file']['name']} has {$_FILES['file']['size']} bytes";
    } else {
        $_SESSION['notes'][] = $_POST['note'];
    }
    header("Location: $base/index.php", true, 303);
    exit;
}
if (isset($_GET['download'])) {
    header('Content-Type: text/plain; charset=utf-8');
    exit(implode("\n", ['Notes:', ...$_SESSION['notes']]));
}
?>
<!doctype html>
<html lang="en">
<head>
<title>Notes</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="<?= $base ?>/style.css">
</head>
<body>
<h1>Notes of <?= htmlspecialchars($_SESSION['user']) ?></h1>
<ul><?php foreach ($_SESSION['notes'] as $note) echo '<li>', htmlspecialchars($note), '</li>' ?></ul>
<form method="post" action="<?= $base ?>/index.php">
<input type="hidden" name="token" value="<?= $_SESSION['token'] ?>">
<input name="note" aria-label="Note"><button>Add</button>
</form>
<form method="post" action="" enctype="multipart/form-data">
<input type="hidden" name="token" value="<?= $_SESSION['token'] ?>">
<input type="file" name="file" aria-label="File"><button>Upload</button>
</form>
<a href="<?= $base ?>/index.php">Again</a>
<a href="<?= $base ?>/index.php?download" download="notes.txt">Download</a>
<a href="<?= $base ?>/index.php?about" target="_blank">About</a>
</body>
</html>
